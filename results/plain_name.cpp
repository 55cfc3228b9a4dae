// SPDX-License-Identifier: Apache-2.0
#include "results/plain_name.h"

#include <algorithm>

namespace results {

bool is_plain_name(std::string_view text) {
    constexpr std::size_t longest = 64;
    return !text.empty() && text.size() <= longest && text[0] != '.' &&
           std::all_of(text.begin(), text.end(), [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' ||
                      letter == '.';
           });
}

bool is_label(std::string_view text) {
    constexpr std::size_t longest = 512;
    constexpr unsigned char space = 0x20;
    constexpr unsigned char del = 0x7F;
    constexpr unsigned char first_c1 = 0x80; // U+0080 to U+009F are C2 80 to C2 9F.
    constexpr unsigned char last_c1 = 0x9F;
    constexpr unsigned char c1_lead = 0xC2;
    unsigned char before = 0;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < space || byte == del ||
            (before == c1_lead && byte >= first_c1 && byte <= last_c1)) {
            return false;
        }
        before = byte;
    }
    return text.size() <= longest;
}

} // namespace results
