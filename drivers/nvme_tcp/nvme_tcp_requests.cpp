// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <limits>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t range_bytes = 16;
constexpr std::size_t ranges_per_command = 64;
constexpr std::uint64_t range_blocks_max = std::numeric_limits<std::uint32_t>::max();

bool carries_data(Op op) noexcept {
    return op == Op::read || op == Op::write || op == Op::compare;
}

bool changes_blocks(Op op) noexcept {
    return op == Op::write || op == Op::unmap || op == Op::write_zeroes;
}

bool is_offered(Op op, std::uint16_t optional_commands) noexcept {
    switch (op) {
    case Op::unmap:
        return (optional_commands & nvme::optional_dataset_management) != 0;
    case Op::write_zeroes:
        return (optional_commands & nvme::optional_write_zeroes) != 0;
    case Op::compare:
        return (optional_commands & nvme::optional_compare) != 0;
    default:
        return true;
    }
}

std::uint8_t opcode_of(Op op) noexcept {
    switch (op) {
    case Op::read:
        return nvme::opcode_read;
    case Op::write:
        return nvme::opcode_write;
    case Op::compare:
        return nvme::opcode_compare;
    case Op::write_zeroes:
        return nvme::opcode_write_zeroes;
    case Op::unmap:
        return nvme::opcode_dataset_management;
    case Op::flush:
        break;
    }
    return nvme::opcode_flush;
}

bool is_nothing(const Request& request) noexcept {
    return request.op == Op::unmap ? request.ranges.empty()
                                   : request.op != Op::flush && request.range.block_count == 0;
}

// Of the controller's own way to the namespace, or of the host's to it (Base 3.3.3.2.1.4).
bool is_path_error(std::uint16_t code) {
    return code == nvme::status_internal_path_error || code == nvme::status_host_path_error;
}

} // namespace

// Refused here, before anything is sent; 0 = it may go, or there is nothing to do.
std::uint16_t NvmeTcpDriver::objection(const Request& request) const noexcept {
    const auto inside = [this](const BlockRange& range) {
        return range.block_count <= geometry_.block_count &&
               range.lba <= geometry_.block_count - range.block_count;
    };
    if (request.op == Op::flush) {
        return 0;
    }
    const bool fits = request.op == Op::unmap
                          ? std::all_of(request.ranges.begin(), request.ranges.end(), inside)
                          : inside(request.range);
    if (!fits) {
        return nvme::status_lba_out_of_range;
    }
    if (is_nothing(request)) {
        return request.data.empty() ? 0 : nvme::status_invalid_field;
    }
    if (!is_offered(request.op, optional_commands_)) {
        return nvme::status_invalid_opcode;
    }
    const bool sizes =
        request.op == Op::unmap
            ? std::all_of(request.ranges.begin(),
                          request.ranges.end(),
                          [](const auto& r) { return r.block_count <= range_blocks_max; })
            : !carries_data(request.op) ||
                  request.data.size() == request.range.block_count * geometry_.block_bytes;
    return sizes ? 0 : nvme::status_invalid_field;
}

bool NvmeTcpDriver::submit(const Request& request) noexcept {
    const bool is_lost = controller_ == nullptr && end_ == DriverEnd::none;
    if (is_lost || free_.size() <= done_count_) { // Each completion not yet fetched keeps a place.
        return false;
    }
    const std::uint16_t index = free_.back();
    free_.pop_back();
    Job& job = jobs_[index];
    job = {};
    job.request = request;
    job.busy = true;
    append_by_deadline(index, clock_.now() + settings_.command_timeout);
    const std::uint16_t objected = objection(request);
    if (objected != 0) {
        finish(index, Status::failed, objected, true);
    } else if (is_nothing(request)) {
        finish(index, Status::good, 0, true);
    } else if (end_ != DriverEnd::none) {
        finish(index, Status::lost, 0, true);
    } else if (holds()) {
        job.parked = true;
    } else {
        send_part(index); // Cannot be full: the queue has a place for every job.
    }
    return true;
}

QueueCommand NvmeTcpDriver::make_part(std::uint16_t index) noexcept {
    Job& job = jobs_[index];
    const Request& request = job.request;
    QueueCommand command;
    command.tag = index;
    command.to_controller = request.op != Op::read;
    if (request.op == Op::flush) {
        command.entry.opcode = nvme::opcode_flush;
        command.entry.nsid = settings_.nsid;
        return command;
    }
    if (request.op == Op::unmap) {
        const std::size_t count =
            std::min<std::size_t>(request.ranges.size() - job.done_blocks, ranges_per_command);
        const auto list = std::span(range_lists_)
                              .subspan(std::size_t{index} * ranges_per_command * range_bytes,
                                       count * range_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            const BlockRange& range = request.ranges[job.done_blocks + i];
            wire::put_le(list, i * range_bytes, std::uint32_t{0}); // Context attributes.
            wire::put_le(list, i * range_bytes + 4, static_cast<std::uint32_t>(range.block_count));
            wire::put_le(list, i * range_bytes + 8, range.lba);
        }
        job.part_blocks = count;
        command.entry.opcode = nvme::opcode_dataset_management;
        command.entry.nsid = settings_.nsid;
        command.entry.dword10 = static_cast<std::uint32_t>(count - 1);
        command.entry.dword11 = nvme::deallocate_bit;
        command.data = list;
        return command;
    }
    const bool with_data = carries_data(request.op);
    const std::uint64_t blocks_max = with_data ? part_blocks_max_ : nvme::blocks_per_command_max;
    job.part_blocks = std::min(request.range.block_count - job.done_blocks, blocks_max);
    command.entry = nvme::block_command(opcode_of(request.op),
                                        settings_.nsid,
                                        request.range.lba + job.done_blocks,
                                        job.part_blocks);
    if (request.force_unit_access) {
        command.entry.dword12 |= nvme::force_unit_access_bit;
    }
    if (with_data) {
        command.data = request.data.subspan(job.done_blocks * geometry_.block_bytes,
                                            job.part_blocks * geometry_.block_bytes);
    }
    return command;
}

bool NvmeTcpDriver::send_part(std::uint16_t index) noexcept {
    const auto command_id = controller_->io().submit(make_part(index));
    if (command_id) {
        jobs_[index].command_id = *command_id;
        jobs_[index].outstanding = true;
    }
    jobs_[index].parked = !command_id; // The queue has just broken: for the next connection.
    return command_id.has_value();
}

void NvmeTcpDriver::part_done(std::uint16_t index, const nvme::CompletionEntry& entry) noexcept {
    Job& job = jobs_[index];
    const std::uint16_t code = entry.status_code();
    job.outstanding = false;
    if (code == nvme::status_abort_requested && job.aborting) {
        finish(index, Status::timed_out, code, true);
        return;
    }
    if (code == nvme::status_invalid_namespace) { // Is it still there?
        ask_identity();
    }
    if (is_put_off(job, entry)) {
        pause(index, entry);
        return;
    }
    if (code != 0) {
        if (job.tries > 0) {
            put_off_.longest = std::max(put_off_.longest, now_ - job.put_off_since);
        }
        finish(index, status_of(job, code), code, true);
        return;
    }
    job.done_blocks += job.part_blocks;
    const std::uint64_t whole = job.request.op == Op::unmap   ? job.request.ranges.size()
                                : job.request.op == Op::flush ? 0
                                                              : job.request.range.block_count;
    if (job.done_blocks >= whole) {
        finish(index, Status::good, 0, true);
    } else if (job.aborting) { // The abort came too late for this part; the rest is not begun.
        finish(index, Status::timed_out, 0, true);
    } else if (holds()) {
        job.parked = true;
    } else {
        send_part(index);
    }
}

// What cannot be carried now but may be in a while (Base 3.3.3.2.1): the same as SCSI's BUSY.
bool NvmeTcpDriver::is_put_off(const Job& job, const nvme::CompletionEntry& entry) const noexcept {
    const std::uint16_t code = entry.status_code();
    const bool of_path = code == nvme::status_ana_transition ||
                         code == nvme::status_ana_inaccessible || is_path_error(code);
    const bool of_namespace = code == nvme::status_transient ||
                              code == nvme::status_transport_error ||
                              code == nvme::status_namespace_not_ready;
    if ((entry.status & nvme::do_not_retry_bit) != 0 || job.aborting ||
        !(of_namespace || (of_path && !settings_.has_other_paths))) {
        return false;
    }
    return job.tries == 0 ? settings_.ready_timeout.count() > 0
                          : now_ < job.put_off_since + settings_.ready_timeout;
}

void NvmeTcpDriver::pause(std::uint16_t index, const nvme::CompletionEntry& entry) noexcept {
    Job& job = jobs_[index];
    constexpr unsigned doublings_max = 6;
    constexpr auto shortest = std::chrono::milliseconds(1);
    if (job.tries == 0) {
        job.put_off_since = now_;
    }
    const Duration own = shortest * (1U << std::min<unsigned>(job.tries, doublings_max));
    const TimePoint last = job.put_off_since + settings_.ready_timeout;
    job.retry_at = std::min(now_ + controller_->retry_delay(entry).value_or(own), last);
    job.tries = static_cast<std::uint16_t>(std::min(job.tries + 1, 0xFFFF));
    job.last_code = entry.status_code();
    job.parked = true;
    put_off_.longest = std::max(put_off_.longest, now_ - job.put_off_since);
    next_retry_ = std::min(next_retry_, job.retry_at);
    remove(index);
    append_by_deadline(index, last + settings_.command_timeout); // The pause has its own end.
}

// What waited for an answer, a pause or a connection and does so no longer.
void NvmeTcpDriver::send_parked() noexcept {
    next_retry_ = TimePoint::max();
    for (std::uint16_t index = oldest_, next = none; index != none; index = next) {
        Job& job = jobs_[index];
        next = job.next;
        if (!job.parked) {
            continue;
        }
        if (job.retry_at > now_) {
            next_retry_ = std::min(next_retry_, job.retry_at);
            continue;
        }
        if (job.tries > 0) {
            ++put_off_.times;
            remove(index);
            append_by_deadline(index, now_ + settings_.command_timeout);
        }
        send_part(index);
    }
}

// Put off to the end: `busy` promises that nothing of the request was done.
Status NvmeTcpDriver::status_of(const Job& job, std::uint16_t code) noexcept {
    const bool was_begun = code == nvme::status_transient || is_path_error(code);
    const bool is_busy = was_begun || code == nvme::status_namespace_not_ready ||
                         code == nvme::status_ana_transition;
    const bool may_be_in_part =
        changes_blocks(job.request.op) && (job.done_blocks > 0 || was_begun);
    return is_busy && !may_be_in_part ? Status::busy : Status::failed;
}

void NvmeTcpDriver::finish(std::uint16_t index,
                           Status status,
                           std::uint32_t sense,
                           bool fenced) noexcept {
    Job& job = jobs_[index];
    remove(index);
    job.busy = false;
    std::size_t at = done_head_ + done_count_;
    at = at >= done_.size() ? at - done_.size() : at;
    done_[at] = {.tag = job.request.tag,
                 .status = status,
                 .fenced = fenced || !changes_blocks(job.request.op),
                 .sense = sense,
                 .done = now_};
    ++done_count_;
    free_.push_back(index);
}

void NvmeTcpDriver::remove(std::uint16_t index) noexcept {
    const Job& job = jobs_[index];
    (job.previous == none ? oldest_ : jobs_[job.previous].next) = job.next;
    (job.next == none ? newest_ : jobs_[job.next].previous) = job.previous;
}

} // namespace drivers::nvme_tcp
