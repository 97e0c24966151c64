"""`anclora demo`: the main job from start to end, on real servers of its own, with a worker killed in the middle."""
