// The colour of a box: by the kind of change of its nodes, or by their device.

const PLAIN = { fill: "var(--raised)", line: "var(--soft)", ink: "var(--ink)" };

class Colours {
  /** `kindOf` are the kinds of nodes by id; `devices`, if there are any, their names in the order of the legend. */
  constructor(kinds, kindOf, devices) {
    this.kinds = kinds;
    this.kindOf = new Map(Object.entries(kindOf));
    this.devices = devices;
  }

  /** The kind of a box: that of its nodes, `changed` where they are of several kinds, null where none differs. */
  kind(ids) {
    const found = new Set(ids.map((id) => this.kindOf.get(id)).filter((kind) => kind !== undefined));
    if (!found.size) return null;
    const isWhole = ids.every((id) => this.kindOf.has(id));
    const key = found.size === 1 && (isWhole || this.devices.length) ? [...found][0] : "changed";
    return this.kinds.find((kind) => kind.key === key) ?? this.kinds[0];
  }

  /** The devices of nodes of a model. */
  devicesOf(model, ids) {
    const names = ids.map((id) => model.byId.get(id)?.facts.device).filter((name) => name !== undefined);
    return [...new Set(names)];
  }

  /** Fill, line and ink of a box, as the graph view paints it; what does not differ steps back. */
  paint(model, box) {
    const kind = this.kind(box.nodes);
    if (!this.devices.length) return kind ? paintOf(`kind-${kind.key}`, true) : PLAIN;
    const names = this.devicesOf(model, box.nodes);
    if (names.length !== 1) return PLAIN;
    return paintOf(`device-${this.devices.indexOf(names[0]) % HUES}`, kind !== null);
  }
}

function paintOf(name, isMarked) {
  return { fill: `var(--${name})`, line: isMarked ? `var(--${name}-line)` : "var(--soft)", ink: "var(--ink)" };
}
