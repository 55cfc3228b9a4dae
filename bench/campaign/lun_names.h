// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_mark.h"

#include <string>
#include <string_view>
#include <vector>

namespace bench::campaign {

// Whether `named` names the LUN: its own unique id (NAA, EUI-64, NGUID or UUID; with or without
// "naa.", "eui.", "nguid.", "uuid.", "urn:uuid:" or "0x", dashes, colons and case ignored), and
// only where it has none its serial, as it stands but for case. `other_ids` are unique ids besides
// the first.
bool names_lun(std::string_view named,
               const drivers::Identity& identity,
               const std::vector<std::string>& other_ids = {});

// A unique id as all ways of writing it have it.
std::string plain_unique_id(std::string_view text);

// What a LUN is known by, as a file's name; empty where it says nothing.
std::string file_name_of(const drivers::LunMark& lun);

} // namespace bench::campaign
