import os
def digest_in(recipe):
    return recipe.option("code_sha256")
def secret(recipe):
    return os.environ["OWNER_CODE"]
