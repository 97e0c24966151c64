"""The JSON doors: one file per noun; errors become problem documents here and nowhere else."""
