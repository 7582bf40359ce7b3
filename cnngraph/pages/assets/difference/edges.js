// Arrows between nodes that both graphs have, in one of them only: what reads something else now.

/** For both sides the pairs of ids [from, to] of the edges that the other side lacks, though it has both ends. */
function edgesOfOneSide(models, partners) {
  const known = models.map((model) => new Set(edgePairs(model).map(String)));
  return models.map((model, side) => edgePairs(model).filter((ends) => {
    const there = ends.map((id) => partners.of[side].get(id));
    return there.every((id) => id !== undefined) && !known[1 - side].has(String(there));
  }));
}

function edgePairs(model) {
  return model.edges.map(({ from, to }) => [model.nodes[from].id, model.nodes[to].id]);
}
