// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/failure_words.h"

#include "drivers/wire/end_words.h"

namespace bench::measure {

std::string failure_words(drivers::Status status, std::uint32_t sense) {
    return sense != 0                             ? drivers::wire::sense_text(sense)
           : status == drivers::Status::timed_out ? "timed out"
           : status == drivers::Status::lost      ? "lost with the array or the way to it"
           : status == drivers::Status::busy      ? "busy for too long"
                                                  : "failed without a reason";
}

} // namespace bench::measure
