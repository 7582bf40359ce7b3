"""One operator, one file. `cnngraph.ir.registry.registry` lists this folder."""
