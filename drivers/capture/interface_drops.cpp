// SPDX-License-Identifier: Apache-2.0
#include "drivers/capture/interface_drops.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

namespace drivers::capture {

namespace {

constexpr std::array counters{"rx_missed_errors", "rx_fifo_errors"}; // As libpcap adds them up.

std::uint64_t number_in(int descriptor) noexcept {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(descriptor, text.data(), text.size(), 0);
    std::uint64_t out = 0;
    if (got > 0) {
        std::from_chars(text.data(), text.data() + got, out);
    }
    return out;
}

} // namespace

InterfaceDrops::InterfaceDrops(const std::string& interface, const std::string& folder) {
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const std::string path = folder + "/" + interface + "/statistics/" + counters[i];
        descriptors_[i] = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    began_ = total();
}

InterfaceDrops::~InterfaceDrops() {
    for (const int descriptor : descriptors_) {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }
}

std::uint64_t InterfaceDrops::total() const noexcept {
    return number_in(descriptors_[0]) + number_in(descriptors_[1]);
}

std::uint64_t InterfaceDrops::count() const noexcept {
    const std::uint64_t now = total();
    return now - (now < began_ ? now : began_); // A driver that begins anew has lost none yet.
}

} // namespace drivers::capture
