// SPDX-License-Identifier: Apache-2.0
#include "drivers/confine/tool_environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace drivers::confine {

namespace {

constexpr std::array<std::string_view, 16> passed_on{"PATH",
                                                     "HOME",
                                                     "USER",
                                                     "LOGNAME",
                                                     "SHELL",
                                                     "TERM",
                                                     "LANG",
                                                     "LANGUAGE",
                                                     "TZ",
                                                     "TMPDIR",
                                                     "SSH_AUTH_SOCK",
                                                     "XDG_RUNTIME_DIR",
                                                     "LD_LIBRARY_PATH",
                                                     "ASAN_OPTIONS",
                                                     "UBSAN_OPTIONS",
                                                     "LSAN_OPTIONS"};

bool is_passed_on(std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return name.starts_with("LC_") || name.starts_with("ARRAYBENCH_HOOK_") ||
           std::find(passed_on.begin(), passed_on.end(), name) != passed_on.end();
}

} // namespace

ToolEnvironment::ToolEnvironment() {
    for (char** one = environ; one != nullptr && *one != nullptr; ++one) { // NOLINT: POSIX.
        if (is_passed_on(*one)) {
            texts_.emplace_back(*one);
        }
    }
    for (std::string& text : texts_) {
        pointers_.push_back(text.data());
    }
    pointers_.push_back(nullptr);
}

} // namespace drivers::confine
