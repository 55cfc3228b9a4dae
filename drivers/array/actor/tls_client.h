// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/patient_socket.h"

#include <span>
#include <string>

namespace drivers::array {

// Says `bytes` inside TLS over a connected socket, with `server_name` as SNI unless empty, and
// reads the answer until its end or `until`. The server's certificate is not checked: a sink-hole
// has none that anybody would vouch for. False: no session came about, or not all was sent.
bool say_in_tls(PatientSocket& socket,
                const std::string& server_name,
                std::span<const std::byte> bytes,
                TimePoint until) noexcept;

} // namespace drivers::array
