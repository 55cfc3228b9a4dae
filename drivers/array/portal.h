// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace drivers::array {

// A door of the array, whichever protocol it speaks; serves from construction to destruction.
class Portal {
public:
    virtual ~Portal() = default;
    virtual std::string address() const = 0; // host:port really bound.
};

} // namespace drivers::array
