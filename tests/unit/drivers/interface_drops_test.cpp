// SPDX-License-Identifier: Apache-2.0
#include "drivers/capture/interface_drops.h"
#include "drivers/confine/confined_child.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using drivers::capture::InterfaceDrops;

namespace {

// What the kernel shows of one interface.
class Counters {
public:
    Counters() {
        folder_ = (std::filesystem::temp_directory_path() / "drops-XXXXXX").string();
        REQUIRE(::mkdtemp(folder_.data()) != nullptr);
        std::filesystem::create_directories(folder_ + "/eth9/statistics");
    }
    ~Counters() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Counters(const Counters&) = delete;
    Counters& operator=(const Counters&) = delete;
    const std::string& folder() const { return folder_; }
    void set(const std::string& name, int count) const {
        std::ofstream(folder_ + "/eth9/statistics/" + name) << count << "\n";
    }

private:
    std::string folder_;
};

} // namespace

TEST_CASE("what an interface lost since a capture began is counted, in a confined child too",
          "[capture]") {
    const Counters counters;
    counters.set("rx_missed_errors", 1000);
    counters.set("rx_fifo_errors", 7);
    const InterfaceDrops drops("eth9", counters.folder());
    CHECK(drops.count() == 0);
    counters.set("rx_missed_errors", 1004);
    CHECK(drops.count() == 4);
    counters.set("rx_fifo_errors", 9);
    const auto told =
        drivers::confine::in_confined_child([&] { return std::to_string(drops.count()); });
    CHECK(told.bytes == "6");
    counters.set("rx_missed_errors", 0); // The driver was loaded anew.
    CHECK(drops.count() == 0);
    CHECK(InterfaceDrops("eth8", counters.folder()).count() == 0);
}
