"""A series that grows and waves, with a column beside it, for the firmware that forecasts."""

import math
import sys

print("t,beside,y")
for t in range(300):
    noise = (t * 7919 % 101) / 101
    value = math.exp(2 + 0.01 * t + 0.5 * math.sin(0.4 * t) + 0.1 * noise)
    print(f"{t},{20 + math.sin(0.4 * t + 0.4) - noise:.3f},{value:.3f}")
