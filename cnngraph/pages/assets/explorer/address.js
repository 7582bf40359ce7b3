// What the address says behind `#`: what is selected, the colours, the direction, and which blocks are open. The
// address of the page follows what is selected; a link that is asked for says the rest as well.
//
//     #node=i3a.concat&colour=madds&direction=LR&open=i3a&open=i3b

/** {node, colour, direction, open: [paths] or null} of the text behind `#`; what is missing is null. */
function readAddress(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const [node, colour, direction] = ["node", "colour", "direction"].map((key) => given.get(key));
  return { node, colour, direction, open: given.has("open") ? given.getAll("open").filter(Boolean) : null };
}

/** The text behind `#`; parts that are null are left out. An empty list of open blocks is said, too. */
function writeAddress({ node, colour, direction, open }) {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries({ node, colour, direction })) if (value) parts.set(key, value);
  for (const path of open?.length === 0 ? [""] : (open ?? [])) parts.append("open", path);
  const text = String(parts);
  return text ? `#${text}` : "";
}
