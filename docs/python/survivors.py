"""What returning.md draws: many objects, of which a scattered hundredth survives."""
import random


class Thing:
    def __init__(self, number):
        self.number, self.text = number, str(number)


things = [Thing(i) for i in range(300_000)]
survivors = random.Random(1).sample(things, len(things) // 100)
del things
