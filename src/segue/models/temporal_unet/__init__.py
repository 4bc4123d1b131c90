"""The temporal U-Net: classes per pixel, with recurrent cells in place of skip connections."""
