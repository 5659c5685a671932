"""Runs a command on a terminal of its own, and types: on_terminal.py LINES COMMAND...

LINES are separated by `|`; each is typed when the command has asked for something (`: ` at the end of what it wrote) and
has told the terminal not to show it.
Prints what the terminal showed, then `exit: N`.
"""

import os
import pty
import select
import sys
import termios
import time

PATIENCE = 30

lines, command = sys.argv[1].split("|") if sys.argv[1] else [], sys.argv[2:]
process, terminal = pty.fork()
if process == 0:
    os.execv(command[0], command)

shown, asked = b"", 0


def read():
    global shown
    ready, _, _ = select.select([terminal], [], [], PATIENCE)
    if not ready:
        os.kill(process, 9)
        sys.exit(f"nothing happened for {PATIENCE} seconds after {shown!r}")
    try:
        data = os.read(terminal, 4096)
    except OSError:
        # The other end of the terminal is closed.
        data = b""
    shown += data
    return bool(data)


def wait_until_unseen():
    deadline = time.monotonic() + PATIENCE
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        if time.monotonic() > deadline:
            os.kill(process, 9)
            sys.exit(f"what is typed would be shown after {shown!r}")
        time.sleep(0.005)


for line in lines:
    while not shown[asked:].endswith(b": ") and read():
        pass
    wait_until_unseen()
    asked = len(shown)
    os.write(terminal, line.encode() + b"\n")
while read():
    pass
_, status = os.waitpid(process, 0)
sys.stdout.write(shown.decode())
print(f"exit: {os.waitstatus_to_exitcode(status)}")
