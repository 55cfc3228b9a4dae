#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""compile_commands.py FROM TO: copies a compilation database without what only GCC understands (its precompiled
headers and their flags), so that clang-tidy reads the sources as they stand."""
import json
import pathlib
import re
import sys

source, target = map(pathlib.Path, sys.argv[1:3])
commands = json.loads((source / "compile_commands.json").read_text())
for command in commands:
    line = command["command"]
    line = re.sub(r"-include \S*cmake_pch\.hxx", "-include catch2/catch.hpp" if "/tests/" in command["file"] else "", line)
    line = line.replace("-fpch-preprocess", "").replace("-Winvalid-pch", "")
    command["command"] = re.sub(r"^.*?ccache(?=\s)", "", line).strip()
target.mkdir(parents=True, exist_ok=True)
(target / "compile_commands.json").write_text(json.dumps(commands))
