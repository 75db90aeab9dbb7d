"""Riddles that a person solves more easily than a program (XEP-0158)."""

from django.db import models


class Challenge(models.Model):
    """One that was posed and is not answered yet. Its answers are kept as keyed hashes."""

    id = models.CharField(primary_key=True, max_length=32)
    image = models.BinaryField()
    question = models.CharField(max_length=200, blank=True)
    image_answer = models.CharField(max_length=64)
    question_answer = models.CharField(max_length=64, blank=True)
    use_by = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.id
