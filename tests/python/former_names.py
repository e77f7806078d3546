"""Public names of each module of the package under its former name, GitFleet 0.2.8."""
# ruff: noqa: E501 (a line per module)

NAMES = {
    "GitFleet": "BranchInfo CloneStatusType ContributorInfo CredentialManager GitHubClient GitProviderClient ProviderType PydanticCloneStatus PydanticCloneTask RUST_AVAILABLE RateLimitInfo RateLimiter RepoDetails RepoInfo RepoManager RustCloneStatus RustCloneTask TokenInfo TokenManager UserInfo convert_clone_tasks flatten_dataframe models providers to_dataframe to_dict to_json to_pydantic_status to_pydantic_task utils",
    "GitFleet.models": "BranchInfo CloneStatus CloneStatusType CloneTask ContributorInfo ProviderType RateLimitInfo RepoDetails RepoInfo RepoManager UserInfo clone_status_to_pydantic clone_task_to_pydantic",
    "GitFleet.models.common": "BranchInfo CommitRef ContributorInfo ProviderType RateLimitInfo RepoDetails RepoInfo UserInfo",
    "GitFleet.models.repo": "CloneStatusType PydanticCloneStatus PydanticCloneTask RUST_AVAILABLE RustCloneStatus RustCloneTask convert_clone_tasks to_pydantic_status to_pydantic_task",
    "GitFleet.providers": "AuthError GitHubClient GitHubError GitProviderClient ProviderType RateLimitError TokenInfo TokenManager TokenStatus",
    "GitFleet.providers.base": "AuthError BranchInfo ContributorInfo GitProviderClient ProviderError ProviderType RateLimitError RateLimitInfo RepoDetails RepoInfo UserInfo",
    "GitFleet.providers.github": "AuthError BranchInfo ContributorInfo GitHubClient GitHubError GitProviderClient ProviderError ProviderType RUST_AVAILABLE RateLimitError RateLimitInfo RepoDetails RepoInfo T TokenInfo TokenManager UserInfo",
    "GitFleet.providers.token_manager": "ProviderType TokenInfo TokenManager TokenStatus",
    "GitFleet.testing": "MockCloneStatus MockCloneTask MockRepoManager create_test_blame_data create_test_commit_data",
    "GitFleet.testing.fixtures": "mock_git_repo mock_git_repo_with_branches",
    "GitFleet.testing.mocks": "MockCloneStatus MockCloneTask MockRepoManager create_test_blame_data create_test_commit_data",
    "GitFleet.utils": "CredentialEntry CredentialManager RateLimitError RateLimiter flatten_dataframe rate_limited to_dataframe to_dict to_json",
    "GitFleet.utils.auth": "CredentialEntry CredentialManager ProviderType derive_key_from_password",
    "GitFleet.utils.converters": "T flatten_dataframe to_dataframe to_dict to_json",
    "GitFleet.utils.rate_limit": "RateLimitError RateLimiter T rate_limited",
}
