# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays one Atari 2600 game for another program, over the standard input and output.

Usage: ale_worker.py GAME

This program is apart from the one that starts it, because the Arcade Learning Environment is under the GPL. All messages are a length (4 bytes, little endian) and as many bytes.

First it says hello: a JSON object with `protocol`, `ale`, `actions`, `height` and `width`, or with `error`.
Then it answers requests, each a letter and what it needs:

    R number of no-ops (1 byte)      begin a game, with as many frames of nothing   -> outcome
    A number of the action (1 byte)  four frames                                    -> outcome
    G                                the state of the game                          -> its bytes
    S bytes                          go on from such a state                        -> nothing
    P                                the screen in color                            -> height * width * 3 bytes

An answer begins with 0; 1 is followed by a message in UTF-8 that says what went wrong. An outcome is the reward (4 bytes,
signed, little endian), 1 if the game is over or else 0, and the brighter of the last two screens, height * width bytes.
"""

import json
import os
import struct
import sys
import zlib

PROTOCOL = 1
FRAME_SKIP = 4


def load(game):
    """The emulator with a game in it; no action is ever repeated by chance."""
    import ale_py
    from ale_py import roms

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", 0)
    ale.setInt("frame_skip", 1)
    ale.setFloat("repeat_action_probability", 0.0)
    ale.loadROM(roms.get_rom_path(game))
    return ale, ale_py


class Player:
    def __init__(self, ale, state_of):
        import numpy

        self.brighter = numpy.maximum
        self.ale = ale
        self.state_of = state_of
        self.actions = ale.getMinimalActionSet()
        height, width = ale.getScreenDims()
        self.screen_size = 3 * height * width
        self.restored_screen = None

    def picture(self):
        """The screen in color. The emulator's state is without it, so that a state here has both."""
        return self.restored_screen or self.ale.getScreenRGB().tobytes()

    def outcome(self, reward, screens):
        self.restored_screen = None
        screen = self.brighter(screens[0], screens[-1])
        return struct.pack("<iB", reward, self.ale.game_over()) + screen.tobytes()

    def begin(self, no_ops):
        self.ale.reset_game()
        for _ in range(no_ops):
            self.ale.act(0)
        return self.outcome(0, [self.ale.getScreenGrayscale()])

    def act(self, number):
        reward, screens = 0, []
        for frame in range(FRAME_SKIP):
            reward += int(self.ale.act(self.actions[number]))
            is_over = self.ale.game_over()
            if frame >= FRAME_SKIP - 2 or is_over:
                screens.append(self.ale.getScreenGrayscale())
            if is_over:
                break
        return self.outcome(reward, screens)

    def state(self):
        screen = zlib.compress(self.picture())
        return struct.pack("<I", len(screen)) + screen + self.ale.cloneState(include_rng=True).serialize()

    def restore(self, state):
        end = 4 + struct.unpack("<I", state[:4])[0]
        screen = zlib.decompressobj().decompress(state[4:end], self.screen_size)
        if len(screen) != self.screen_size:
            raise ValueError("the state has no screen")
        before = self.ale.cloneState(include_rng=True)
        try:
            self.ale.restoreState(self.state_of(state[end:]))
        except Exception:
            self.ale.restoreState(before)
            raise
        self.restored_screen = screen
        return b""

    def answer(self, request):
        letter, rest = request[:1], request[1:]
        if letter == b"A":
            return self.act(rest[0])
        if letter == b"R":
            return self.begin(rest[0])
        if letter == b"G":
            return self.state()
        if letter == b"S":
            return self.restore(rest)
        if letter == b"P":
            return self.picture()
        raise ValueError(f"there is no request {letter!r}")


def main():
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What libraries print must not get between the messages.

    def send(message):
        replies.write(struct.pack("<I", len(message)) + message)
        replies.flush()

    try:
        ale, ale_py = load(sys.argv[1])
        player = Player(ale, ale_py.ALEState)
        height, width = ale.getScreenDims()
        hello = {"protocol": PROTOCOL, "ale": ale_py.__version__, "actions": len(player.actions)}
        hello.update(height=height, width=width)
    except Exception as error:
        send(json.dumps({"protocol": PROTOCOL, "error": f"{type(error).__name__}: {error}"}).encode())
        return
    send(json.dumps(hello).encode())
    while True:
        head = requests.read(4)
        if len(head) < 4:
            return
        request = requests.read(struct.unpack("<I", head)[0])
        try:
            answer = b"\0" + player.answer(request)
        except Exception as error:
            answer = b"\1" + f"{type(error).__name__}: {error}".encode()
        send(answer)


main()
