// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"

#include <string>
#include <string_view>
#include <vector>

namespace bench::egress {

// The labels of a name that DNS was asked for, end to end, as they were sent, case and all, and in
// lower case. A name of many labels costs no more than its bytes, and one read after another into
// the same place needs no memory.
class AskedName {
public:
    // Of a query's only question; `after` is what follows it. False if this is no plain query (RFC
    // 1035 section 4.1).
    bool read(drivers::wire::Bytes message, drivers::wire::Bytes& after);

    bool operator==(const AskedName&) const = default; // Case and all

    // What stands before the labels, at least those of a domain, that both end with in any case.
    struct Fresh {
        std::string_view as_written;
        std::string_view lower_case;
    };
    Fresh beyond(const AskedName& before) const;

private:
    std::string_view label(std::size_t which) const; // In lower case

    std::string as_written_;
    std::string lower_case_;
    std::vector<std::size_t> ends_; // Where each label's text ends
};

} // namespace bench::egress
