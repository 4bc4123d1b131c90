"""FRTM and FRTM-fast: a target model per object, fitted while the video runs; see README.md."""
