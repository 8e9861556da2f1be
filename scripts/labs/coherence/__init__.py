"""Whether every process answers reads as they are now, while many write. Started by scripts/coherence."""
