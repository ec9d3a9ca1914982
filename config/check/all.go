// SPDX-License-Identifier: Apache-2.0

package check

// All is every check there is.
func All() []Check {
	return []Check{
		{"mismatched-tide", "A label that a plugin sets or takes away and that tide's queries do not require or forbid where the plugin is enabled, or the other way round.", Default, ConfigFile | PluginsFile, []string{"tide"}, mismatchedTide},
		{"mismatched-tide-lenient", "The same for the labels `lgtm` and `approved` alone; runs only where mismatched-tide does not.", Default, ConfigFile | PluginsFile, []string{"tide"}, mismatchedTideLenient},
		{"tide-strict-branch", "Branch protection that wants branches up to date (`required_status_checks.strict`) where tide merges.", Default, ConfigFile, []string{"branch-protection", "tide"}, tideStrictBranch},
		{"tide-context-policy", "Status contexts that are, on some branch, required and optional at once, or both of another pair that exclude each other.", Default, ConfigFile, []string{"branch-protection", "tide"}, tideContextPolicy},
		{"non-decorated-jobs", "Jobs of the kubernetes agent without the pod utilities.", Default, ConfigFile, []string{"decorate_all_jobs"}, nonDecoratedJobs},
		{"long-job-names", "Jobs of the kubernetes agent whose name is longer than a label may be, 63 characters.", Default, ConfigFile, nil, longJobNames},
		{"duplicate-job-refs", "Presubmits that clone a repository twice: in two `extra_refs`, or in one and as their own.", Default, ConfigFile, nil, duplicateJobRefs},
		{"needs-ok-to-test", "Queries of tide that require `lgtm` and forbid `needs-ok-to-test`.", Default, ConfigFile, []string{"tide"}, needsOkToTest},
		{"managed-webhooks", "Repos with a webhook of their own in an org that has one, so that events come twice.", Default, ConfigFile, []string{"managed_webhooks"}, managedWebhooks},
		{"validate-owners", "Repos with plugins that read OWNERS files, but without verify-owners, which keeps them valid.", Default, PluginsFile, nil, validateOwners},
		{"missing-trigger", "Repos with presubmits or postsubmits, but without the trigger plugin, which starts them.", Default, ConfigFile | PluginsFile, nil, missingTrigger},
		{"validate-urls", "A `status_error_link` that is no URL.", Default, ConfigFile | PluginsFile, []string{"status_error_link"}, validateURLs},
		{"unknown-fields", "Keys in config.yaml and plugins.yaml that mean nothing. Without this check they are notices.", Default, ConfigFile, nil, unknownFields},
		{"validate-cluster-field", "Jobs on a cluster that there is not, and Jenkins jobs on any.", Default, ConfigFile, []string{"plank"}, validateClusterField},
		{"validate-supplemental-prow-config-hierarchy", "Supplemental files in a folder ORG or ORG/REPO that configure something else.", Default, 0, nil, supplementHierarchy},
		{"validate-unmanaged-branchconfig-has-no-subconfig", "Branch protection that is unmanaged and yet has settings.", Default, ConfigFile, []string{"branch-protection"}, unmanagedSubconfig},
		{"validate-label", "Restricted labels of the label plugin that are additional labels too, or have no name.", Default, PluginsFile, nil, validateLabel},
		{"required-job-annotations", "Jobs without the annotations that `--required-job-annotations` names.", Default, ConfigFile, nil, requiredJobAnnotations},
		{"periodic-default-clone-config", "Periodics with `clone_depth`, `clone_uri` or `path_alias`, which have no effect there.", Default, ConfigFile, nil, periodicCloneConfig},
		{"validate-config-updater-acls", "Entries of `allowed_repos` and `denied_repos` in `config_updater.maps` that are neither an org nor an org/repo.", Default, PluginsFile, nil, configUpdaterACLs},
		{"verify-owners-presence", "Repos with plugins that read OWNERS files, but without such a file at their root.", Expensive, PluginsFile, nil, ownersPresence},
		{"valid-decoration-config", "Decorated jobs whose decoration is not valid.", Optional, ConfigFile, []string{"plank"}, validDecorationConfig},
		{"unknown-fields-all", "Keys in any file that mean nothing, job files and supplemental files too.", Optional, ConfigFile, nil, unknownFieldsAll},
		{"validate-github-app-installation", "Orgs that are configured, but have not installed the GitHub App. Runs by itself when the App is given.", Optional, ConfigFile, []string{"tide"}, appInstallation},
		{"unknown-plugins", "Plugins that nobody has; this is an error.", Always, PluginsFile, nil, unknownPlugins},
		{"gerrit-rerun-command", "Presubmits whose `rerun_command` is not among what `gerrit.allowed_presubmit_trigger_re` allows.", Always, ConfigFile, []string{"gerrit"}, gerritRerunCommand},
	}
}
