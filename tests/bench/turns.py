#!/usr/bin/env python3
"""Times commands by turns, so that what else the machine does falls on each alike.

    turns.py [--rounds N] NAME=COMMAND NAME=COMMAND...

The first is what the others are compared with. Each round runs every command once, in an
order of its own; told are the medians, and what each costs of the first.
"""
import argparse
import random
import shlex
import statistics
import subprocess
import time


def once(words):
    """The seconds that a command takes."""
    began = time.perf_counter()
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    took = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(words)}: {done.stderr.decode(errors='replace')}")
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("commands", nargs="+", metavar="NAME=COMMAND")
    asked = parser.parse_args()
    commands = {}
    for text in asked.commands:
        name, _, command = text.partition("=")
        commands[name] = shlex.split(command)
    times = {name: [] for name in commands}
    for words in commands.values():
        once(words)
    for _ in range(asked.rounds):
        for name in random.sample(list(commands), len(commands)):
            times[name].append(once(commands[name]))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"  {name:<16}{median * 1000:>8.2f} ms  {median / first:>5.2f}")


if __name__ == "__main__":
    main()
