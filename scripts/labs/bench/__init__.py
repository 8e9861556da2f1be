"""How fast blogapi is, beside servers written by hand that answer the same JSON. Started by scripts/bench."""
