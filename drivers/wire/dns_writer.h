// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace drivers::wire {

// A recursive question of class IN (RFC 1035 section 4.1). Labels longer than 63 letters are cut,
// and names end after 253.
std::vector<std::byte> write_dns_query(std::uint16_t id, std::string_view name, std::uint16_t type);

// The answer to a message with one question: its question repeated and, unless `data` is empty, one
// record of the question's type with that data. Empty when the message is no such question.
std::vector<std::byte> write_dns_answer(Bytes query, Bytes data, std::uint32_t lifetime_s);

// The type that a well-formed question asks for; 0 = none.
std::uint16_t dns_question_type(Bytes query) noexcept;

} // namespace drivers::wire
