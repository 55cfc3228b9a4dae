// SPDX-License-Identifier: Apache-2.0
// A loop device whose name, as a made-up kernel tells it, becomes another one.
#include "drivers/api/monotonic_clock.h"
#include "drivers/block_device/block_device_driver.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/loop_device.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using drivers::Op;
using drivers::Status;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t file_bytes = 64U << 20U;
constexpr const char* one = "60060160a1b2c3d4e5f60718293a4b5c";
constexpr const char* another = "60060160a1b2c3d4e5f60718293a4b5d";

class NamedLoop {
public:
    NamedLoop()
        : loop_(new_file()) {
        struct stat seen {};
        if (!present() || ::stat(loop_.name().c_str(), &seen) != 0) {
            WARN("LEFT OUT: this user may have no loop device, so no block device was tested");
            return;
        }
        device_ = folder_.path() + "/sys/dev/block/" + std::to_string(major(seen.st_rdev)) + ":" +
                  std::to_string(minor(seen.st_rdev)) + "/device";
        fs::create_directories(device_);
        call_it(one);
    }

    bool present() const { return !loop_.name().empty(); }
    const std::string& file() const { return file_; }
    void call_it(const std::string& name) const {
        std::ofstream(device_ + "/new") << "naa." << name << "\n";
        fs::rename(device_ + "/new", device_ + "/wwid");
    }
    // Whoever asks for the name waits until it is answered.
    void keep_it_to_itself() const {
        REQUIRE(::mkfifo((device_ + "/new").c_str(), 0600) == 0);
        fs::rename(device_ + "/new", device_ + "/wwid");
    }
    void answer(const std::string& name) const {
        std::ofstream(device_ + "/wwid") << "naa." << name << "\n";
    }
    std::unique_ptr<drivers::BlockDriver> open(std::size_t depth, drivers::Duration interval) {
        drivers::block_device::Settings settings;
        settings.path = loop_.name();
        settings.depth = depth;
        settings.view = {folder_.path() + "/sys", folder_.path() + "/proc"};
        settings.identity_interval = interval;
        return std::make_unique<drivers::block_device::BlockDeviceDriver>(settings, clock_);
    }

private:
    const std::string& new_file() {
        file_ = folder_.path() + "/lun";
        std::ofstream(file_).close();
        fs::resize_file(file_, file_bytes);
        return file_;
    }

    tests::ScratchFolder folder_;
    std::string file_;
    tests::LoopDevice loop_;
    std::string device_;
    drivers::MonotonicClock clock_;
};

drivers::Request at_the_end(drivers::BlockDriver& driver, Op op, std::vector<std::byte>& data) {
    data.assign(driver.geometry().block_bytes, std::byte{1});
    drivers::Request request;
    request.op = op;
    request.range = {driver.geometry().block_count - 1, 1};
    request.data = data;
    return request;
}

} // namespace

TEST_CASE("a block device that the kernel knows by another name is another LUN",
          "[contract][block_device]") {
    NamedLoop loop;
    if (!loop.present()) {
        return;
    }
    tests::ContractSubject subject;
    subject.exchanges.push_back({"its name has changed",
                                 [&] { loop.call_it(another); },
                                 [] { return std::uint64_t{0}; },
                                 another});
    subject.open = [&](std::size_t depth) {
        return loop.open(depth, 5ms);
    };
    tests::check_block_driver_contract(subject);
}

TEST_CASE("after an error it is asked who is there before anything is written",
          "[contract][block_device]") {
    NamedLoop loop;
    if (!loop.present()) {
        return;
    }
    const bool exchanged = GENERATE(false, true);
    const auto driver = loop.open(1, 1h);         // Not by the clock.
    fs::resize_file(loop.file(), file_bytes / 2); // What lies behind can no longer be read.
    loop.keep_it_to_itself();
    std::vector<std::byte> data;
    CHECK(tests::run_one(*driver, at_the_end(*driver, Op::read, data)).status == Status::failed);
    drivers::Request write = at_the_end(*driver, Op::write, data);
    write.range.lba = 0;
    CHECK_FALSE(driver->submit(write)); // Nobody has answered yet.
    loop.answer(exchanged ? another : one);
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    bool taken = false;
    while (!taken && std::chrono::steady_clock::now() < give_up) {
        taken = driver->submit(write);
    }
    REQUIRE(taken);
    CHECK(tests::wait_for_one(*driver).status == (exchanged ? Status::lost : Status::good));
    CHECK(driver->ended() ==
          (exchanged ? drivers::DriverEnd::another_lun : drivers::DriverEnd::none));
}
