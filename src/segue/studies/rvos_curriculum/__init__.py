"""The studies of "Curriculum Learning for Recurrent Video Object Segmentation", and ours on DAVIS-2016."""
