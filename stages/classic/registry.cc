#include "stages/classic/registry.h"

#include "stages/classic/assign.h"
#include "stages/classic/neighbours.h"
#include "stages/classic/project.h"

namespace penstock::classic {

void register_classic_stages(StageRegistry& registry) {
  registry.add<Assign>("classic.assign", "the nearest centre of a stored clustering");
  registry.add<Neighbours>("classic.neighbours", "the nearest rows of a stored set of features");
  registry.add<Project>("classic.project", "the principal components of a stored clustering");
}

}  // namespace penstock::classic
