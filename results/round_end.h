// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace results {

// How a round, or a run that was cut short, ended, from good to bad. Records carry the words for
// it, and after them the reason; whoever must know the kind asks `end_of`.
enum class RoundEnd : std::uint8_t {
    complete,
    interrupted,
    array_broke_protocol,
    array_lost,
    refused // Something else answers in a LUN's place: nothing more may be written.
};

inline constexpr std::string_view complete_words = "complete";
inline constexpr std::string_view broke_protocol_words = "array broke the protocol";
inline constexpr std::string_view array_lost_words = "array lost";
inline constexpr std::string_view refused_words = "refused for safety";

// Whatever says none of these was interrupted for its own reason.
inline RoundEnd end_of(std::string_view ended) {
    return ended == complete_words                   ? RoundEnd::complete
           : ended.starts_with(refused_words)        ? RoundEnd::refused
           : ended.starts_with(array_lost_words)     ? RoundEnd::array_lost
           : ended.starts_with(broke_protocol_words) ? RoundEnd::array_broke_protocol
                                                     : RoundEnd::interrupted;
}

// The array itself ended it.
inline bool is_by_array(RoundEnd end) {
    return end == RoundEnd::array_lost || end == RoundEnd::array_broke_protocol;
}

// What stands after the words for the kind, or all of it.
inline std::string_view reason_of(std::string_view ended) {
    const std::size_t colon = ended.find(": ");
    return colon == std::string_view::npos || end_of(ended) == RoundEnd::interrupted
               ? ended
               : ended.substr(colon + 2);
}

// "array lost: " and why.
inline std::string end_text(std::string_view words, std::string_view reason) {
    return std::string(words) + ": " + std::string(reason);
}

} // namespace results
