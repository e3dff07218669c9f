#include "tools/cmd_batch.h"
#include "tools/cmd_check.h"
#include "tools/cmd_cluster.h"
#include "tools/cmd_compare.h"
#include "tools/cmd_devices.h"
#include "tools/cmd_evaluate.h"
#include "tools/cmd_infer.h"
#include "tools/cmd_info.h"
#include "tools/cmd_look.h"
#include "tools/cmd_neighbours.h"
#include "tools/cmd_pack.h"
#include "tools/cmd_probe.h"
#include "tools/cmd_recipes.h"
#include "tools/cmd_report.h"
#include "tools/cmd_stages.h"
#include "tools/cmd_stream.h"
#include "tools/cmd_train.h"
#include "tools/cmd_verify.h"
#include "tools/command.h"

namespace penstock::tools {

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(make_pack_command());
  commands.push_back(make_info_command());
  commands.push_back(make_verify_command());
  commands.push_back(make_check_command());
  commands.push_back(make_stream_command());
  commands.push_back(make_batch_command());
  commands.push_back(make_look_command());
  commands.push_back(make_train_command());
  commands.push_back(make_evaluate_command());
  commands.push_back(make_infer_command());
  commands.push_back(make_compare_command());
  commands.push_back(make_cluster_command());
  commands.push_back(make_neighbours_command());
  commands.push_back(make_report_command());
  commands.push_back(make_probe_command());
  commands.push_back(make_stages_command());
  commands.push_back(make_recipes_command());
  commands.push_back(make_devices_command());
  return commands;
}

}  // namespace penstock::tools
