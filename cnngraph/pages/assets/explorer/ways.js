// The ways that meet in a merge: from the last node that all of them come from, each with its length.
//
//     x -> conv -> bn -> add        ways of `add`: [conv, bn] with 2 operators, and the skip with none; the fork is `x`
//     x -------------> add

/** The nodes that lead to a node, itself included, by their places. */
function ancestors(net, start) {
  const found = new Set();
  const stack = [start];
  while (stack.length) {
    const at = stack.pop();
    if (found.has(at)) continue;
    found.add(at);
    for (const { from } of net.before[at]) stack.push(from);
  }
  return found;
}

/**
 * The fork of a merge and its ways, or null where fewer than two values meet or nothing is common to them.
 * @returns {{fork: string, ways: {nodes: string[], edges: string[][], length: number}[]} | null}
 */
function waysTo(net, id) {
  const { index: merge, backward } = net.node(id);
  if (backward) return null; // gradients meet everywhere
  const sources = [...new Set(net.before[merge].map(({ from }) => from))];
  if (sources.length < 2) return null;
  const seen = sources.map((source) => ancestors(net, source));
  const common = [...seen[0]].filter((at) => seen.every((each) => each.has(at)));
  if (!common.length) return null;
  const fork = common.reduce((last, at) => Math.max(last, at));
  return {
    fork: net.nodes[fork].id,
    ways: sources.map((source, i) => way(net, fork, source, merge, seen[i])),
  };
}

/** What lies between the fork and one input of the merge; its length is that of the longest path. */
function way(net, fork, source, merge, leading) {
  const longest = new Map([[fork, 0]]);
  const edges = [];
  // Nodes are in the order in which they are computed, so one walk is enough.
  for (let at = fork + 1; at <= source; at += 1) {
    if (!leading.has(at)) continue;
    const inner = net.before[at].filter(({ from }) => longest.has(from));
    if (!inner.length) continue;
    longest.set(at, 1 + Math.max(...inner.map(({ from }) => longest.get(from))));
    edges.push(...inner.map(({ from }) => [net.nodes[from].id, net.nodes[at].id]));
  }
  edges.push([net.nodes[source].id, net.nodes[merge].id]);
  const nodes = [...longest.keys()].filter((at) => at !== fork).map((at) => net.nodes[at].id);
  return { nodes, edges, length: longest.get(source) };
}
