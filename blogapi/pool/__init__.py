"""Work that takes long, in processes of a lower priority: `turns` says whose is next, `processes` has it done."""
