"""What a model's backends give: their differences, and the ranges that int8 needs."""
