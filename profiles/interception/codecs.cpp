// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/codecs.h"

#include <array>

namespace profiles::interception {

namespace {

struct Known {
    std::string_view name;
    double pdu_bytes;
};
constexpr std::array<Known, 5> known{{{"G.711", 342},
                                      {"AMR 12.2", 208},
                                      {"AMR-WB 12.65", 209},
                                      {"EVS 13.2", 209},
                                      {"AMR-WB 23.85", 237}}};

} // namespace

std::optional<Codec> known_codec(std::string_view name) {
    for (const Known& one : known) {
        if (one.name == name) {
            Codec out;
            out.name = name;
            out.pdu_bytes = one.pdu_bytes;
            return out;
        }
    }
    return std::nullopt;
}

std::string known_codec_names() {
    std::string out;
    for (const Known& one : known) {
        out += (out.empty() ? "" : ", ") + std::string(one.name);
    }
    return out;
}

} // namespace profiles::interception
