"""What serves lessons: the checks behind exercises, the labs' runner, its pages."""
