"""Models that judge the values of a stream: their scalers, their runtime, their scores.

What is uploaded is hostile until shown otherwise. A scaler's file is read by a machine that knows
numbers only; a model runs in a process of its own that has nothing to lose.
"""
