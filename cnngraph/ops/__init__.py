"""One operator, one file. `cnngraph.ir.op.registry` lists this folder."""
