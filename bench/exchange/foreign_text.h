// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace bench::exchange {

// A stranger's file as UTF-8 without a byte order mark: from UTF-8 and, as some shells redirect,
// UTF-16 of either byte order. Throws profiles::FileError, which names the byte, for a file that is
// cut within a character, that says what it cannot mean, or that is no text.
std::string plain_text(std::string_view bytes, const std::string& name);

} // namespace bench::exchange
