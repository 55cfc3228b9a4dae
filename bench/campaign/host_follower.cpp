// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_follower.h"

#include "bench/campaign/expectation_files.h"
#include "bench/campaign/host_letters.h"
#include "bench/campaign/host_record.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/lab.h"
#include "bench/campaign/round_runner.h"
#include "bench/campaign/scratch_space.h"
#include "bench/campaign/verify_phase.h"
#include "bench/integrity/canary_key_file.h"
#include "bench/judge/exit_code.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "results/round_end.h"
#include "results/text/escape.h"
#include "results/text/standard_streams.h"
#include "results/whole_file.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>

namespace bench::campaign {

using namespace std::chrono_literals;
using hosts::LetterKind;

namespace {

constexpr drivers::Duration look_every = 1s;
constexpr drivers::Duration start_patience = 10min; // As long as the slowest host's lanes take.

// Not a failure: the leader will not have this load.
struct Cancelled : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The leader, as a load meets it here: says when to begin and takes what came of it.
class Leader final : public OtherHosts {
public:
    explicit Leader(hosts::Fellowship& fellowship)
        : fellowship_(fellowship) {}

    void take_order(std::uint64_t number) { number_ = number; }
    void answer(LetterKind kind, const std::string& body) {
        fellowship_.link(0).send(kind, ordered_letter(number_, body));
    }

    HostShare share() const noexcept override { return {fellowship_.rank(), fellowship_.size()}; }
    void announce(const ArrayUnderTest& /*array*/, const LoadOrder& /*order*/) override {}

    drivers::TimePoint start() override {
        answer(LetterKind::ready, "");
        const auto letter = fellowship_.link(0).receive(start_patience);
        if (!letter || letter->kind != LetterKind::start) {
            throw Cancelled("not begun");
        }
        const Ordered ordered = ordered_from(letter->body);
        std::int64_t instant_ns = 0;
        std::from_chars(ordered.body.data(), ordered.body.data() + ordered.body.size(), instant_ns);
        return drivers::TimePoint(drivers::Duration(instant_ns));
    }
    void started(drivers::TimePoint at) override { started_ = at; }

    void gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses) override {
        if (results::end_of(round.ended) == results::RoundEnd::refused) {
            end_all();
        }
        answer(LetterKind::done, round_letter({started_.time_since_epoch().count(), round}));
        if (wants_accesses_) {
            answer(LetterKind::accesses, accesses_letter(accesses));
        }
    }
    void send_accesses(bool wanted) { wants_accesses_ = wanted; }

    // No host may write on, wherever it is in its own part; why follows in the answer.
    void end_all() { fellowship_.link(0).send(LetterKind::stop); }

private:
    hosts::Fellowship& fellowship_;
    std::uint64_t number_ = 0;
    bool wants_accesses_ = false;
    drivers::TimePoint started_{};
};

class Follower {
public:
    Follower(hosts::Fellowship& fellowship, drivers::Clock& clock)
        : fellowship_(fellowship)
        , clock_(clock)
        , leader_(fellowship)
        , journal_(folder_ / "events.ndjson", clock) {}

    // Until the leader says leave. Throws HostLost.
    void serve() {
        for (;;) {
            const auto letter = fellowship_.link(0).receive(look_every);
            if (!letter) {
                continue;
            }
            if (letter->kind == LetterKind::leave) {
                return;
            }
            const Ordered ordered = ordered_from(letter->body);
            leader_.take_order(ordered.number);
            try {
                obey(letter->kind, ordered.body);
            } catch (const hosts::HostLost&) {
                throw;
            } catch (const Cancelled&) { // As the leader wished.
            } catch (const drivers::SafetyError& error) {
                leader_.end_all();
                leader_.answer(LetterKind::failed, failure_letter(error));
            } catch (const std::runtime_error& error) {
                leader_.answer(LetterKind::failed, failure_letter(error));
            }
        }
    }

private:
    void obey(LetterKind kind, const std::string& body) {
        switch (kind) {
        case LetterKind::plan:
            return read_plan(body);
        case LetterKind::arrays:
            return meet_arrays(body);
        case LetterKind::precondition:
            return precondition(body);
        case LetterKind::load:
            return load(body);
        case LetterKind::verify:
            return verify(body);
        case LetterKind::expectation:
            return expectation(body);
        case LetterKind::recall:
            return recall(body);
        default: // A cancel after the load had failed here, and the like.
            return;
        }
    }

    void read_plan(const std::string& body) {
        for (const auto& [name, content] : plan_from(body)) {
            const std::filesystem::path path = folder_ / name;
            std::filesystem::create_directories(path.parent_path());
            results::write_whole_file(path.string(), content);
        }
        plan_ = plan::read_plan_in(folder_.path()); // Of this host's files none.
    }

    void meet_arrays(const std::string& body) {
        lab_.emplace(prepared(plan_), arrays_from(body), journal_, clock_);
        plant_canaries();
        runner_.emplace(*plan_, *lab_, journal_, clock_, &leader_);
        std::vector<std::string> reached;
        for (const ArrayUnderTest& array : lab_->arrays()) {
            reached.push_back(
                fmt::format("{} at {}", array.planned->name, array.paths.front().text()));
        }
        auto words = describe_host();
        words["name"] = fellowship_.host();
        words["arrays"] = fmt::format("{}", fmt::join(reached, ", "));
        leader_.answer(LetterKind::ready, words_letter(words));
    }

    // Every host's writes are to be known again by the one that watches.
    void plant_canaries() {
        const std::string path = folder_ / canary_key_file;
        if (!std::filesystem::exists(path)) {
            return;
        }
        const integrity::CanaryKeyFile key = integrity::read_canary_key(path);
        std::uint32_t lun = 0;
        for (ArrayUnderTest& array : prepared(lab_).arrays()) {
            array.canary.emplace(key.key, integrity::CanaryPlace{.lun = lun++});
        }
    }

    // An order of what was never prepared here: no leader of ours gives it.
    template <typename Part>
    static Part& prepared(std::optional<Part>& part) {
        if (!part) {
            throw hosts::HostLost("another host orders what it has not prepared");
        }
        return *part;
    }

    ArrayUnderTest& array_at(std::size_t place) {
        auto& all = prepared(lab_).arrays();
        if (place >= all.size()) {
            throw hosts::HostLost("another host orders an array that the plan does not have");
        }
        return all[place];
    }

    void precondition(const std::string& body) {
        ArrayUnderTest& array = array_at(std::strtoull(body.c_str(), nullptr, 10));
        const std::uint64_t bytes = prepared(runner_).precondition(array, {});
        leader_.answer(LetterKind::done, std::to_string(bytes));
    }

    void load(const std::string& body) {
        const LoadLetter letter = load_from(body, prepared(plan_));
        leader_.send_accesses(!letter.order.phases.empty());
        prepared(runner_).load(array_at(letter.array), letter.order, {});
    }

    void verify(const std::string& body) {
        const VerifyLetter letter = verify_from(body);
        plan::PlanPhase phase;
        phase.kind = plan::PhaseKind::verify;
        phase.duration = drivers::Duration(letter.time_limit_ns);
        if (letter.cache_bytes) {
            phase.cache_bytes = *letter.cache_bytes;
        }
        results::RoundRecord round;
        round.ended = "complete";
        for (const std::string& name : letter.disturbances) {
            round.disturbances.emplace_back().name = name;
        }
        verify_phase(array_at(letter.array), {phase, true}, clock_, round);
        round.disturbances.clear(); // The leader has them.
        leader_.answer(LetterKind::done, round_letter({0, round}));
    }

    // What this host wrote before the run was interrupted, as the run's folder kept it.
    void recall(const std::string& body) {
        const RecallLetter letter = recall_from(body);
        const std::string path =
            folder_ / expectation_file_name(array_at(letter.place.array).planned->name);
        if (letter.piece.empty()) {
            prepared(lab_).load_expectations(std::filesystem::path(path).parent_path());
            std::filesystem::remove(path);
        } else {
            const auto how = letter.place.from_bytes == 0 ? std::ios::trunc : std::ios::app;
            std::ofstream to(path, std::ios::binary | how);
            if (!to.write(letter.piece.data(), static_cast<std::streamsize>(letter.piece.size()))) {
                throw drivers::HostError(fmt::format("{}: cannot be written", path));
            }
        }
        leader_.answer(LetterKind::ready, "");
    }

    // Saved once, when the first piece is asked for.
    void expectation(const std::string& body) {
        const ExpectationLetter wanted = expectation_from(body);
        const ArrayUnderTest& array = array_at(wanted.array);
        const std::string path = folder_ / "expectation.bin";
        if (array.expectation && wanted.from_bytes == 0) {
            array.expectation->save(path, true);
        }
        leader_.answer(LetterKind::expectation,
                       array.expectation ? expectation_piece(path, wanted.from_bytes) : "");
    }

    hosts::Fellowship& fellowship_;
    drivers::Clock& clock_;
    const ScratchSpace folder_{"rank"}; // The plan and a journal.
    Leader leader_;
    RunJournal journal_;
    std::optional<plan::Plan> plan_;
    std::optional<Lab> lab_;
    std::optional<RoundRunner> runner_;
};

} // namespace

int follow(hosts::Fellowship& fellowship, drivers::Clock& clock) {
    const Interruption guard;
    try {
        Follower(fellowship, clock).serve();
    } catch (const hosts::HostLost& error) {
        (void)results::text::write_err_at_last(
            results::text::clean_lines(fmt::format("arraybench: {}\n", error.what())));
        return judge::exit_incomplete;
    }
    return judge::exit_passed;
}

} // namespace bench::campaign
