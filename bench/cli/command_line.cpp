// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command_line.h"

#include "bench/cli/command.h"
#include "bench/cli/say.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "profiles/strict_json.h"
#include "results/record_error.h"

#include <boost/program_options/errors.hpp>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bench::cli {

namespace {

int complain(int code, const char* what) {
    tell_at_last("arraybench: {}\n", what);
    return code;
}

std::string overview() {
    std::string out = "usage: arraybench COMMAND [OPTION]...\n\n";
    for (const Command& command : all_commands()) {
        out += fmt::format("  {:<15} {}\n", command.name, command.summary);
    }
    return out + "\narraybench COMMAND --help shows a command's options and an example.\n";
}

int run_named(const std::string& name, const Arguments& arguments) {
    std::vector<std::string> known;
    for (const Command& command : all_commands()) {
        if (name == command.name) {
            drivers::confine::keep_only({command.needs.begin(), command.needs.end()},
                                        command.starts_hooks
                                            ? drivers::confine::Heirs::as_the_user
                                            : drivers::confine::Heirs::as_confined);
            return command.run(arguments);
        }
        known.emplace_back(command.name);
    }
    const std::string near = profiles::nearest_name(name, known);
    throw drivers::UsageError(
        fmt::format("no command \"{}\"{}; arraybench --help lists them",
                    name,
                    near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near)));
}

// What the command returned or what it threw, as an exit code.
int code_of(const Arguments& all) {
    try {
        return run_named(all[0], Arguments(all.begin() + 1, all.end()));
    } catch (const boost::program_options::error& error) {
        return complain(
            2,
            fmt::format(
                "{}: {}; arraybench {} --help shows what is wanted", all[0], error.what(), all[0])
                .c_str());
    } catch (const profiles::FileError& error) {
        return complain(2, error.what());
    } catch (const drivers::UsageError& error) {
        return complain(2, error.what());
    } catch (const results::RecordError& error) {
        return complain(2, error.what());
    } catch (const results::UnfinishedError& error) {
        return complain(6, error.what());
    } catch (const results::WriteError& error) {
        return complain(5, error.what());
    } catch (const drivers::ArrayError& error) {
        return complain(3, error.what());
    } catch (const drivers::SafetyError& error) {
        return complain(4, error.what());
    } catch (const drivers::HostError& error) {
        return complain(5, error.what());
    } catch (const std::filesystem::filesystem_error& error) {
        return complain(5, error.what());
    } catch (const std::exception& error) {
        return complain(3, fmt::format("internal error: {}", error.what()).c_str());
    }
}

} // namespace

int run_command_line(int argc, char** argv) {
    results::text::hold_standard_streams();
    drivers::confine::hide_memory();
    const Arguments all(argv + std::min(argc, 1), argv + argc);
    int code = 2;
    if (all.empty()) {
        tell_at_last("{}", overview());
    } else if (all[0] == "--help" || all[0] == "-h" || all[0] == "help") {
        say("{}", overview());
        code = 0;
    } else {
        code = code_of(all);
    }
    const std::string lost = results::text::output_failure();
    return lost.empty() ? code : complain(5, lost.c_str());
}

} // namespace bench::cli
