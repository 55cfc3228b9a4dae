// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace drivers::iscsi {

// The numeric address that a socket is connected to, as host:port; empty where it is to none, or to
// one that needs a scope.
std::string peer_of(int fd);

} // namespace drivers::iscsi
