"""What all models have in common that name the class of every pixel by themselves."""
