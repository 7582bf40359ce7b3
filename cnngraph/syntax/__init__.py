"""From text to the typed tree: grammar, layout, recovery, messages, tree. Knows no operator and no type rule."""
