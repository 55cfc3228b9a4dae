// SPDX-License-Identifier: Apache-2.0
// Another LUN in a LUN's place: who is told of it and how, what it holds, and what is counted.
#include "drivers/array/control.h"
#include "drivers/array/nvme_controller.h"
#include "drivers/array/scsi_target.h"
#include "drivers/wire/little_endian.h"
#include "tests/fakes/array_bench.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fmt/format.h>

using namespace drivers::array;
using namespace std::chrono_literals;
using drivers::Op;
using tests::ArrayBench;
namespace nvme = drivers::wire::nvme;
namespace code = drivers::wire::scsi::code;

namespace {

struct Ear final : LinkListener {
    void drop_sessions(std::uint16_t controller) override {
        heard += fmt::format("drop {} ", controller);
    }
    void access_state_changed() override {}
    void power_cut() override {}
    void stalled_until(std::uint16_t /*controller*/, drivers::TimePoint /*until*/) override {}
    void lun_swapped(std::uint16_t controller, std::uint16_t lun) override {
        heard += fmt::format("swapped {}/{} ", controller, lun);
    }
    std::string take() { return std::exchange(heard, ""); }
    std::string heard;
};

ArraySettings named() {
    ArraySettings out = ArrayBench::settings();
    out.volumes[0].identity = {"V", "P", "1", "S0", "62f0a1b2c3d4e5f60000000000000001"};
    out.volumes[1].identity = {"V", "P", "1", "S1", "62f0a1b2c3d4e5f60000000000000002"};
    return out;
}

FaultEvent swap(SwapNotice notice, std::uint16_t controller = all_controllers) {
    FaultEvent out;
    out.fault = Fault::lun_swap;
    out.notice = notice;
    out.controller = controller;
    return out;
}

struct NvmeHost final : NvmeControllerHost {
    void answer_event(std::uint16_t command_id, std::uint32_t dword0) override {
        heard += fmt::format("{}:{:06x} ", command_id, dword0);
    }
    void reset_queues() override {}
    bool abort(std::uint16_t /*queue_id*/, std::uint16_t /*command_id*/) override { return false; }
    std::string heard;
};

nvme::SubmissionEntry log_command(std::uint8_t log, std::uint32_t size_bytes) {
    nvme::SubmissionEntry out;
    out.opcode = nvme::opcode_get_log_page;
    out.dword10 = log | (size_bytes / 4 - 1) << 16;
    out.sgl_bytes = size_bytes;
    return out;
}

} // namespace

TEST_CASE("a swapped LUN has another name and other data, and what is written there is counted",
          "[array][lun_swap]") {
    ArrayBench bench(named());
    Ear ear;
    bench.core.listen(&ear);
    CHECK(bench.write(8, 512, 0x11) == MediumEnd::good);
    FaultEvent one = swap(SwapNotice::drop_sessions, 1);
    one.lun = 0;
    one.duration = 5s;
    CHECK(bench.apply(one).empty());
    CHECK(ear.take() == "drop 1 ");
    CHECK(bench.done(Fault::lun_swap) == 1);

    CHECK(bench.core.lun_at(0, 0).identity.unique_id == "62f0a1b2c3d4e5f60000000000000001");
    CHECK(bench.core.lun_at(1, 0).identity.unique_id == "62f0a1b2c3d4e5f6000000000000fffe");
    CHECK(bench.core.lun_at(1, 0).identity.serial == "S0X");
    CHECK(bench.core.lun_at(1, 1).identity.unique_id == "62f0a1b2c3d4e5f60000000000000002");
    CHECK(bench.values(8, 1) == std::vector<int>{0x11});
    bench.controller = 1;
    CHECK(bench.values(8, 1) == std::vector<int>{0});
    CHECK(bench.core.emulator_counts().writes_to_another_lun == 0);
    CHECK(bench.write(8, 512, 0x22) == MediumEnd::good);
    bench.flush();
    CHECK(bench.values(8, 1) == std::vector<int>{0x22});
    CHECK(bench.core.emulator_counts().writes_to_another_lun == 1);
    bench.controller = 0;
    CHECK(bench.write(9, 512, 0x33) == MediumEnd::good); // The other path still leads to the LUN.
    CHECK(bench.core.emulator_counts().writes_to_another_lun == 1);

    CHECK(bench.core.next_change() == bench.now + 5s);
    bench.now += 5s;
    bench.core.advance(bench.now);
    CHECK(ear.take() == "drop 1 ");
    bench.controller = 1;
    CHECK(bench.values(8, 1) == std::vector<int>{0x11});
    bench.core.ignore(&ear);
}

TEST_CASE("a swap is told as asked, and recover brings every LUN back", "[array][lun_swap]") {
    ArrayBench bench(named());
    Ear ear;
    bench.core.listen(&ear);
    CHECK(bench.apply(swap(SwapNotice::none)).empty());
    CHECK(ear.take().empty());
    CHECK(bench.core.lun_at(1, 1).identity.serial == "S1X");
    bench.plainly(Fault::recover);
    CHECK(ear.take().empty());
    CHECK(bench.core.lun_at(1, 1).identity.serial == "S1");
    CHECK(bench.apply(swap(SwapNotice::attention, 0)).empty());
    CHECK(ear.take() == "swapped 0/0 swapped 0/1 ");
    bench.plainly(Fault::recover);
    CHECK(ear.take() == "swapped 0/0 swapped 0/1 ");
    bench.core.ignore(&ear);
}

TEST_CASE("the initiators of the controller hear 3F/03 once, and INQUIRY names the other LUN",
          "[array][lun_swap]") {
    ArrayBench bench(named());
    BufferPool pool{std::size_t{1} << 20U};
    ScsiTarget target{bench.core, pool};
    const NexusId first = target.open_nexus({"iqn.first", 1, 0}).value();
    const NexusId second = target.open_nexus({"iqn.second", 2, 1}).value();
    target.take_attention(first, 0);
    target.take_attention(second, 0);
    CHECK(bench.apply(swap(SwapNotice::none, 0)).empty());
    target.raise_at(0, 0, code::inquiry_data_changed);
    CHECK(target.take_attention(first, 0) == code::inquiry_data_changed);
    CHECK_FALSE(target.take_attention(first, 0));
    CHECK_FALSE(target.take_attention(second, 0));

    const auto page = [&](NexusId nexus) {
        const std::array<std::byte, 16> cdb{
            std::byte{0x12}, std::byte{1}, std::byte{0x83}, std::byte{0}, std::byte{255}};
        ScsiRequest request;
        request.cdb = cdb;
        request.lun = 0;
        request.nexus = nexus;
        request.expected_bytes = 255;
        ScsiReply reply;
        target.execute(request, reply, bench.now);
        return std::string(reinterpret_cast<const char*>(reply.data_in.bytes().data()) + 8, 16);
    };
    CHECK(page(first).ends_with("\xff\xfe"));
    CHECK(page(second).ends_with(std::string("\0\1", 2)));
}

TEST_CASE("an NVMe host that asked to hear of it is told once that a namespace has changed",
          "[array][lun_swap]") {
    ArrayBench bench(named());
    NvmeTarget target{bench.core};
    NvmePortalSettings door;
    const NvmeSubsystemSettings subsystem;
    NvmeHost host;
    NvmeController controller{target, door, &subsystem, {}, host};
    nvme::SubmissionEntry enable;
    enable.dword11 = nvme::property_configuration;
    enable.dword12 = nvme::configuration_enable;
    controller.property_set(enable);
    std::vector<std::byte> out;
    const auto listen = [&](std::uint16_t command_id) {
        nvme::SubmissionEntry entry;
        entry.opcode = nvme::opcode_async_event;
        entry.command_id = command_id;
        return controller.admin(entry, out).is_held;
    };
    CHECK(listen(7));
    controller.lun_changed(1);
    CHECK(host.heard.empty()); // Not asked for.
    controller.admin(nvme::set_feature_command(nvme::feature_async_event_configuration,
                                               nvme::namespace_event_bit),
                     out);
    controller.lun_changed(1);
    CHECK(host.heard == "7:040002 ");
    CHECK(listen(8));
    controller.lun_changed(0);
    CHECK(host.heard == "7:040002 "); // Not before the host has read which.
    const auto read = [&] {
        CHECK(controller.admin(log_command(nvme::log_changed_namespaces, 4096), out).status == 0);
        return std::pair{drivers::wire::get_le<std::uint32_t>(std::span<const std::byte>(out), 0),
                         drivers::wire::get_le<std::uint32_t>(std::span<const std::byte>(out), 4)};
    };
    CHECK(read() == std::pair<std::uint32_t, std::uint32_t>{1, 2});
    CHECK(read() == std::pair<std::uint32_t, std::uint32_t>{0, 0});
    controller.lun_changed(0);
    CHECK(host.heard == "7:040002 8:040002 ");

    CHECK(bench.apply(swap(SwapNotice::none, 1)).empty()); // Another controller's.
    nvme::SubmissionEntry ask;
    ask.opcode = nvme::opcode_identify;
    ask.nsid = 1;
    ask.sgl_bytes = nvme::identify_bytes;
    CHECK(controller.admin(ask, out).status == 0);
    CHECK(out[104 + 15] == std::byte{0x01}); // NGUID, its last byte.
    CHECK(bench.apply(swap(SwapNotice::none, 0)).empty());
    CHECK(controller.admin(ask, out).status == 0);
    CHECK(out[104 + 15] == std::byte{0xFE});
}

TEST_CASE("a swap and its count cross the control channel whole", "[array][lun_swap]") {
    const FaultEvent event = parse_event("lun_swap", R"({"lun": 0, "notice": "attention"})");
    CHECK(event.notice == SwapNotice::attention);
    std::uint64_t id = 0;
    CHECK(parse_request(event_line(3, event), id).event.notice == SwapNotice::attention);
    CHECK(parse_event("lun_swap", "").notice == SwapNotice::drop_sessions);
    CHECK_THROWS_WITH(parse_event("lun_swap", R"({"notice": "loudly"})"),
                      Catch::Contains("\"drop\", \"attention\" or \"none\""));
    ControlAnswer answer;
    answer.counts.emplace();
    answer.counts->writes_to_another_lun = 12;
    CHECK(parse_answer(answer_line(answer)).counts->writes_to_another_lun == 12);
}
