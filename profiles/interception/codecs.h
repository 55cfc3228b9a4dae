// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/parameters.h"

#include <optional>
#include <string>
#include <string_view>

namespace profiles::interception {

// A codec by its usual name ("AMR 12.2") with the size of one ETSI TS 102 232-1 PS-PDU that carries
// 20 ms of it: speech, RTP, UDP and IP behind headers as OpenLI's etsiencoding.c writes them. None:
// not known here.
std::optional<Codec> known_codec(std::string_view name);
std::string known_codec_names(); // "G.711, AMR 12.2, ..."

} // namespace profiles::interception
