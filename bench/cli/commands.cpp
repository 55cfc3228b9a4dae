// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"

#include <array>

namespace bench::cli {

int array_command(const Arguments&); // Each is defined in its own *_command.cpp.
int compare_command(const Arguments&);
int plan_command(const Arguments&);
int probe_command(const Arguments&);
int run_command(const Arguments&);
int verify_command(const Arguments&);
int report_command(const Arguments&);
int egress_command(const Arguments&);
int fio_job_command(const Arguments&);
int load_command(const Arguments&);
int import_command(const Arguments&);
int interception_command(const Arguments&);
int merge_command(const Arguments&);
int self_test_command(const Arguments&);
int verify_data_command(const Arguments&);

namespace {
using drivers::confine::Privilege;

const std::array commands{
    Command{"run",
            "measure a plan's arrays side by side; the main job",
            run_command,
            {Privilege::capture,
             Privilege::networks,
             Privilege::real_time,
             Privilege::raw_disks,
             Privilege::any_file},
            true},
    Command{"plan", "resolve a plan and print what would happen; touches nothing", plan_command},
    Command{"probe",
            "who is there: identity, geometry, limits, transport parameters",
            probe_command,
            {Privilege::raw_disks, Privilege::any_file}},
    Command{
        "compare", "paired comparison of finished runs", compare_command, {Privilege::any_file}},
    Command{"verify",
            "manifest, journal and recomputation of a run",
            verify_command,
            {Privilege::any_file}},
    Command{"verify-data",
            "read a LUN back against what a run says it must hold",
            verify_data_command,
            {Privilege::raw_disks, Privilege::any_file}},
    Command{"array",
            "serve an emulated array until SIGINT or SIGHUP",
            array_command,
            {Privilege::capture, Privilege::networks, Privilege::any_file}},
    Command{"report",
            "print a finished run as HTML, Markdown, JUnit, CSV ...",
            report_command,
            {Privilege::any_file}},
    Command{"egress",
            "say what a capture or an interface shows that was not declared",
            egress_command,
            {Privilege::capture, Privilege::any_file}},
    Command{"self-test",
            "inject every known fault into an emulated array; each must be found",
            self_test_command,
            {Privilege::capture,
             Privilege::networks,
             Privilege::real_time,
             Privilege::raw_disks,
             Privilege::any_file},
            true},
    Command{"load",
            "drive one LUN with an ad-hoc load",
            load_command,
            {Privilege::real_time, Privilege::raw_disks, Privilege::any_file}},
    Command{"fio-job",
            "a workload as a fio job file, printed or run",
            fio_job_command,
            {Privilege::real_time, Privilege::raw_disks, Privilege::any_file}},
    Command{"import",
            "make a run of what another tool has measured",
            import_command,
            {Privilege::any_file}},
    Command{"merge",
            "put the parts of one load, driven by several hosts, together",
            merge_command,
            {Privilege::any_file}},
    Command{"interception",
            "what the interception platform will ask of the array",
            interception_command},
};
} // namespace

std::span<const Command> all_commands() {
    return commands;
}

} // namespace bench::cli
