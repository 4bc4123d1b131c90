"""The tables and searches of the report on SlowFast VOS (Pellegrini and Özsoy, 2020)."""
