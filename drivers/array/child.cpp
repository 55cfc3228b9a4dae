// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/child.h"

#include "drivers/api/errors.h"
#include "drivers/array/array_server.h"
#include "drivers/array/child_process.h"
#include "drivers/array/control.h"

#include <fmt/format.h>

namespace drivers::array {

namespace {

std::vector<std::string> command_line(const ChildSettings& settings) {
    std::vector<std::string> out{"array", settings.file};
    if (!settings.listen.empty()) {
        out.insert(out.end(), {"--listen", settings.listen});
    }
    for (const std::string& address : settings.data_addresses) {
        out.insert(out.end(), {"--data-address", address});
    }
    for (const std::string& interface : settings.speak_by) {
        out.insert(out.end(), {"--speak-by", interface});
    }
    out.emplace_back("--control-fd"); // Its number follows.
    return out;
}

TimePoint after(Duration limit) {
    return std::chrono::steady_clock::now() + limit;
}

double seconds(Duration span) {
    return std::chrono::duration<double>(span).count();
}

} // namespace

struct EmulatedArray::State {
    explicit State(const ChildSettings& wanted)
        : settings(wanted)
        , process(wanted.program, command_line(wanted), wanted.network_namespace) {}

    [[noreturn]] void fail(ChildProcess::Got got, const char* what, Duration limit) {
        if (got == ChildProcess::Got::late) {
            throw ArrayError(fmt::format("emulated array {}: {} did not come within {} s",
                                         settings.file,
                                         what,
                                         seconds(limit)));
        }
        process.wait_ended(after(settings.stop_limit));
        const std::string ending = process.ending();
        throw ArrayError(fmt::format("emulated array {}: its process (pid {}) is gone{}",
                                     settings.file,
                                     process.process_id(),
                                     ending.empty() ? "" : ": " + ending));
    }

    ControlAnswer ask(std::uint64_t id, const std::string& line) {
        const TimePoint deadline = after(settings.answer_limit);
        if (!process.send(line, deadline)) {
            fail(process.ended() ? ChildProcess::Got::closed : ChildProcess::Got::late,
                 "the answer",
                 settings.answer_limit);
        }
        for (;;) { // An answer that came too late for its own question is passed over.
            std::string answer;
            const auto got = process.receive(answer, deadline);
            if (got != ChildProcess::Got::line) {
                fail(got, "the answer", settings.answer_limit);
            }
            ControlAnswer parsed = parse_answer(answer);
            if (parsed.id == id) {
                return parsed;
            }
        }
    }

    ChildSettings settings;
    ChildProcess process;
    ReadyReport ready;
    std::uint64_t last_id = 0;
};

EmulatedArray::EmulatedArray(const ChildSettings& settings)
    : state_(std::make_unique<State>(settings)) {
    std::string line;
    const auto got = state_->process.receive(line, after(settings.start_limit));
    if (got != ChildProcess::Got::line) {
        state_->fail(got, "the line that says \"ready\"", settings.start_limit);
    }
    state_->ready = parse_ready(line);
}

EmulatedArray::~EmulatedArray() {
    stop();
}

std::vector<std::string> EmulatedArray::portals() const {
    return urls(0);
}

std::vector<std::string> EmulatedArray::urls(std::size_t lun) const {
    std::vector<std::string> out;
    for (const PortalAddress& portal : state_->ready.portals) {
        out.push_back(portal_url(portal, lun));
    }
    return out;
}

std::vector<std::string> EmulatedArray::identities() const {
    return state_->ready.identities;
}

TimePoint EmulatedArray::apply(const Event& event) {
    const FaultEvent fault = parse_event(event.name, event.parameters);
    const std::uint64_t id = ++state_->last_id;
    const ControlAnswer answer = state_->ask(id, event_line(id, fault));
    if (!answer.error.empty()) {
        throw UsageError(fmt::format("emulated array {}: event \"{}\": {}",
                                     state_->settings.file,
                                     event.name,
                                     answer.error));
    }
    return answer.at;
}

EmulatorCounts EmulatedArray::emulator_counts() const {
    const std::uint64_t id = ++state_->last_id;
    const ControlAnswer answer = state_->ask(id, ask_line(id, Ask::counts));
    if (!answer.counts) {
        throw ArrayError(fmt::format(
            "emulated array {}: no counts in its answer: {}", state_->settings.file, answer.error));
    }
    return *answer.counts;
}

ArrayCounts EmulatedArray::counts() const {
    return emulator_counts().array;
}

void EmulatedArray::stop() noexcept {
    ChildProcess& process = state_->process;
    if (!process.ended()) {
        try {
            process.send(ask_line(++state_->last_id, Ask::stop),
                         after(state_->settings.stop_limit));
            process.wait_ended(after(state_->settings.stop_limit));
        } catch (const std::exception&) { // Out of memory: the hard way then.
        }
        process.kill();
    }
}

bool EmulatedArray::alive() const noexcept {
    return !state_->process.ended();
}

int EmulatedArray::process_id() const noexcept {
    return state_->process.process_id();
}

} // namespace drivers::array
