"""Long computations, in processes of a lower priority. `turns` decides whose is next, `processes` runs it."""
