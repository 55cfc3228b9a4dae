// SPDX-License-Identifier: Apache-2.0
// Any sequence of login requests against a guarded door: nobody gets in without the secret.
#include "drivers/array/iscsi_login.h"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drivers::array;
    using drivers::wire::iscsi::BasicHeader;
    PortalSettings settings;
    settings.name = "iqn.2026-01.test:array";
    settings.chap = {"lab", "a secret that is not in the corpus", "array", "another secret"};
    Login login(settings);
    drivers::wire::Bytes rest = std::as_bytes(std::span(data, size));
    while (rest.size() >= 2) { // Flags, length of the text, text.
        BasicHeader request = make_header(
            drivers::wire::iscsi::Opcode::login_request, std::to_integer<std::uint8_t>(rest[0]), 1);
        const std::size_t length =
            std::min(rest.size() - 2, std::to_integer<std::size_t>(rest[1]) * 2);
        request.set_data_bytes(length);
        const LoginAnswer answer = login.take(request, rest.subspan(2, length));
        if (answer.is_complete) {
            std::abort();
        }
        if (answer.status != LoginStatus::success) {
            break;
        }
        rest = rest.subspan(2 + length);
    }
    return 0;
}
